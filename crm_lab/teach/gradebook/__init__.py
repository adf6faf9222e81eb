"""What a class gets back: feedback, marks for a learning platform, comments by hand, who handed in alike."""
