"""How are names, phones, e-mails, addresses and birth dates written so that they can be compared?"""
