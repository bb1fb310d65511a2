-- SPDX-License-Identifier: MIT
-- What it costs to be told by a signal against being called: `perilune run signals.lua`.
-- Five receivers. Calls and sendings are measured in turn, in short runs, so that what else the
-- machine does hits both alike: shown are the best run of each and the median of the ratios.
local signals = require "perilune.signals"

local N, ROUNDS = 20000, 150
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

local function nanoseconds(fn)
  local start = os.clock()
  fn()
  return (os.clock() - start) / N * 1e9
end

-- The least of each, and the median of other / one.
local function compare(one, other)
  local a, b, ratios = math.huge, math.huge, {}
  collectgarbage()
  for i = 1, ROUNDS do
    local x, y
    if i % 2 == 0 then -- each comes first as often
      x = nanoseconds(one)
      y = nanoseconds(other)
    else
      y = nanoseconds(other)
      x = nanoseconds(one)
    end
    a, b, ratios[i] = math.min(a, x), math.min(b, y), y / x
  end
  table.sort(ratios)
  return a, b, ratios[ROUNDS // 2]
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
  local direct, sent, median = compare(row[2], row[3])
  print(("%-22s five calls %4.0f ns, a signal %4.0f ns: %.2f, median %.2f"):format(row[1], direct, sent, sent / direct, median))
end
local function nobody()
  for _ = 1, N do
    unheard:send(Product, event)
  end
end
print(("%-22s %4.0f ns"):format("nobody listens", (compare(nobody, nobody))))
