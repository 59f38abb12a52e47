"""The formats that feedsvc brings: a module for each, by its name, whose FORMAT says what it is."""
