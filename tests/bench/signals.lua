-- SPDX-License-Identifier: MIT
-- What it costs to be told by a signal against being called: `perilune run signals.lua`.
-- Five receivers, an event made for every sending; the best of several rounds.
local signals = require "perilune.signals"

local N, ROUNDS = 300000, 15
local count = 0
local receivers = {}
for i = 1, 5 do
  receivers[i] = function(sender, event) -- luacheck: ignore 212
    count = count + event.amount
  end
end
local f1, f2, f3, f4, f5 = table.unpack(receivers)
local paid, unheard, Product = signals.Signal(), signals.Signal(), {}
for _, f in ipairs(receivers) do
  paid:connect(f, { sender = Product })
end

local function best(fn)
  local least = math.huge
  for _ = 1, ROUNDS do
    collectgarbage()
    local start = os.clock()
    fn()
    least = math.min(least, os.clock() - start)
  end
  return least / N * 1e9
end

local event = { amount = 1 }
local rows = {
  { "a new event for each", function()
    for _ = 1, N do
      local e = { amount = 1 }
      f1(Product, e) f2(Product, e) f3(Product, e) f4(Product, e) f5(Product, e)
    end
  end, function()
    for _ = 1, N do
      paid:send(Product, { amount = 1 })
    end
  end },
  { "one event for all", function()
    for _ = 1, N do
      f1(Product, event) f2(Product, event) f3(Product, event) f4(Product, event) f5(Product, event)
    end
  end, function()
    for _ = 1, N do
      paid:send(Product, event)
    end
  end },
}
for _, row in ipairs(rows) do
  local direct, sent = best(row[2]), best(row[3])
  print(("%-22s five calls %4.0f ns, a signal %4.0f ns: %.2f"):format(row[1], direct, sent, sent / direct))
end
print(("%-22s %4.0f ns"):format("nobody listens", best(function()
  for _ = 1, N do
    unheard:send(Product, event)
  end
end)))
