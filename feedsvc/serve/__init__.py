"""The service: a production server, a follower of the records folder, WebSub announcements, and logs."""
