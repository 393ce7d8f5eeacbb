"""What waits for contacts, given and taken over sessions with them. Carries out core/delivery."""
