"""Which event of a customer's own calls for a message, and what such messages cause?"""
