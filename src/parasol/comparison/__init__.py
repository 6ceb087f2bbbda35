"""Methods compared on frozen pairs: paint, measure, sum up. `parasol evaluate` is the command."""
