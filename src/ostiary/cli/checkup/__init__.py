"""What `ostiary doctor` looks at, a file for each kind of trouble."""
