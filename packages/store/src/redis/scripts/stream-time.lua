--- Returns the time of the server that has a stream.
--
-- KEYS[1]     the stream, whose next records are not older than this time
-- Returns     seconds since the epoch, microseconds
--
-- A script, because a Cluster sends the command TIME to any of its servers.

return redis.call('TIME')
