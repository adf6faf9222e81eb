"""In which form the days are written: by shapes, by largest numbers, by the place of the year."""
