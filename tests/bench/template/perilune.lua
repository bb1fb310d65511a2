-- SPDX-License-Identifier: MIT
-- perilune run tests/bench/template/perilune.lua DIR NAME ROUNDS: renders the page (NAME perilune:
-- by the engine; NAME by_hand: by_hand.lua) and prints the best time of a round in milliseconds;
-- NAME print prints the page.
local dir, name, rounds = arg[1], arg[2], tonumber(arg[3] or 1)
local context = dofile(dir .. "/data.lua")

local render
if name == "by_hand" then
  render = dofile(dir .. "/by_hand.lua")
else
  local engine = require("perilune.template").Engine { dirs = { dir .. "/pages" } }
  render = function(values)
    return engine:render("page.html", values)
  end
end

if name == "print" then
  io.write(render(context))
  return
end
local best = math.huge
for _ = 1, rounds do
  local start = os.clock()
  for _ = 1, 10 do
    render(context)
  end
  best = math.min(best, (os.clock() - start) / 10)
end
print(("%.4f"):format(best * 1000))
