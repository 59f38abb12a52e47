"""The built-in record syntaxes: each is a module with a `Syntax` named SYNTAX, and needs no other mention."""
