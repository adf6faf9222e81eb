"""Whom to contact, and how many customers the contact retained."""
