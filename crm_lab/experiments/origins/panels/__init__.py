"""Where panels of cities or stores come from: the contract's tables, a planted effect, or the retailer's own file."""
