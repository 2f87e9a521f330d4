"""The fast versions of the plain loops in `rate` and `spiking`, same equations, same random numbers."""
