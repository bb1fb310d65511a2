-- SPDX-License-Identifier: MIT
-- Perilune's half of tests/bench/redis.py: gets of one key through a cache.
-- usage: perilune run redis.lua BACKEND LOCATION COUNT FIBERS CONNECTIONS BYTES; prints the
-- wall and CPU time of one get in us
local fiber = require "perilune.fiber"
local native = require "perilune._cache"
local time = require "perilune.time"

local backend, location, count, fibers, connections, bytes = ...
count, fibers = tonumber(count), tonumber(fibers)
local c = {}
native.open({
  alias = "bench", backend = backend, servers = { location }, prefix = "", version = 1, timeout = 300, compress = 0,
  socket_timeout = 5, max_connections = tonumber(connections),
}, c)
local value = ("x"):rep(tonumber(bytes))
assert(c:set("bench", value))

local function some()
  for _ = 1, count // fibers do
    c:get "bench"
  end
end

some()
local tasks = {}
for i = 1, fibers do
  tasks[i] = some
end
local wall, cpu = time.monotonic(), os.clock()
if fibers == 1 then
  some()
else
  fiber.gather(tasks)
end
local n = count // fibers * fibers
print(("%.3f %.3f"):format((time.monotonic() - wall) / n * 1e6, (os.clock() - cpu) / n * 1e6))
assert(c:get "bench" == value)
