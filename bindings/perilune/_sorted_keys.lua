-- SPDX-License-Identifier: MIT
-- What is shown comes in an order: tables have none.

local function by_text(a, b)
  return tostring(a) < tostring(b)
end

--- The keys of a table as a sorted list: numbers by size, texts by their bytes, all others and
--- keys of several kinds by how they are written.
return function(t)
  local keys, n, kind = {}, 0, nil
  for key in pairs(t) do
    n = n + 1
    keys[n] = key
    local own = type(key)
    kind = (kind == nil or kind == own) and own or "several"
  end
  if kind == "string" or kind == "number" then
    table.sort(keys)
  else
    table.sort(keys, by_text)
  end
  return keys
end
