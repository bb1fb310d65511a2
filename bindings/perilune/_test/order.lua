-- SPDX-License-Identifier: MIT
-- The order of tests: as they are written, or shuffled by a seed that gives the same order
-- every time. Blocks stay together.
local M = {}

-- A generator of its own, so that what tests do with math.random has no part in it.
local function generator(seed, name)
  local state = (seed * 2654435761 + 97) & 0xFFFFFFFF
  for i = 1, #name do
    state = (state * 31 + name:byte(i)) & 0xFFFFFFFF
  end
  return function(n)
    state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
    return (state >> 8) % n + 1
  end
end

--- list -> list, in the order that `seed` gives (nil: as it is); `name` makes that of each
--- file its own.
function M.of(seed, name)
  if not seed then
    return function(list)
      return list
    end
  end
  local next_number = generator(seed, name)
  return function(list)
    local out = table.move(list, 1, #list, 1, {})
    for i = #out, 2, -1 do
      local j = next_number(i)
      out[i], out[j] = out[j], out[i]
    end
    return out
  end
end

return M
