"""What trials and recordings say: tables, example networks, selectivity, statistics."""
