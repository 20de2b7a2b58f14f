"""What is tried to find out: replays, interventions, and what single examples do."""
