"""The production server, what keeps the index in step with the folder meanwhile, WebSub, and logs."""
