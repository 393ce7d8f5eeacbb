"""Takes away: rights of this very process, so that a mistake of ours, or of a foreign parser, costs less."""
