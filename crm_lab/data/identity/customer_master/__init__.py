"""Where do the records come from, do their ids fit the tables, and where does the map of persons go?"""
