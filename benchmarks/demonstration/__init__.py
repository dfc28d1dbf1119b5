"""What `botbench demo` leaves beside its store for people to try commands on; all simulated."""
