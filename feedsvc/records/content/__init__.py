"""The content of stories: HTML, Markdown and plain text become HTML that is safe, and that feed readers show all of."""
