-- SPDX-License-Identifier: MIT

--- The keys of a table as a sorted list of texts, for messages that list or suggest names; of
--- what is no table, an empty one.
return function(t)
  local names = {}
  for name in pairs(type(t) == "table" and t or {}) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  return names
end
