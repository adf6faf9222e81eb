"""Do customers who are known to differ (channel, age, first order) buy, stay and spend differently?"""
