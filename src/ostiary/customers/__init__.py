"""Customers: whom a bank serves. Personal data rests sealed."""
