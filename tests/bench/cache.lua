-- SPDX-License-Identifier: MIT
-- The memory cache from Lua: `perilune run cache.lua`. The best of several rounds.
--
-- `perilune run cache.lua reads|mixed SECONDS`: how many operations in a second, and in a
-- second of CPU, for several processes at once (cache.py). Of mixed ones every tenth is a set.
local cache = require "perilune.cache"
local time = require "perilune.time"

local N, ROUNDS = 200000, 10
local keys = {}
for i = 1, 1000 do
  keys[i] = "key:" .. i
  cache:set(keys[i], "a short value " .. i)
end
local kind, seconds = ...
if kind then
  local every = ({ reads = math.huge, mixed = 10 })[kind]
  local start, cpu, n = time.monotonic(), os.clock(), 0
  repeat
    for i = 1, 10000 do
      if i % every == 0 then
        cache:set(keys[(n + i) % 1000 + 1], "a short value")
      else
        cache:get(keys[(n + i) % 1000 + 1])
      end
    end
    n = n + 10000
  until time.monotonic() - start > tonumber(seconds)
  print(("%.0f %.0f"):format(n / (time.monotonic() - start), n / (os.clock() - cpu)))
  return
end

local product = { id = 1, name = "Lamp", price = 12.5, tags = { "a", "b" }, stock = 3 }
cache:set("product", product)

local function best(name, fn)
  local least = math.huge
  for _ = 1, ROUNDS do
    collectgarbage()
    local start = os.clock()
    fn()
    least = math.min(least, os.clock() - start)
  end
  print(("%-28s %4.0f ns"):format(name, least / N * 1e9))
end

best("get, a short string", function()
  for i = 1, N do
    cache:get(keys[i % 1000 + 1])
  end
end)
best("set, a short string", function()
  for i = 1, N do
    cache:set(keys[i % 1000 + 1], "a short value")
  end
end)
best("get, nothing there", function()
  for _ = 1, N do
    cache:get "missing"
  end
end)
best("get, a table of 5 members", function()
  for _ = 1, N do
    cache:get "product"
  end
end)
best("set, the same", function()
  for _ = 1, N do
    cache:set("product", product)
  end
end)
best("incr", function()
  cache:set("n", 0)
  for _ = 1, N do
    cache:incr "n"
  end
end)
