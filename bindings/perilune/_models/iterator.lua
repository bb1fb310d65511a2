-- SPDX-License-Identifier: MIT
-- QuerySet:iterator(): rows in chunks, none of them kept. No statement stays open between
-- two chunks (it would pin the database's log), so a chunk begins behind the last row of the
-- one before where the order allows it, and at its number elsewhere.
local orm = require "perilune._orm"

return function(queryset, size, run)
  local code = queryset._code
  local at, chunk, i, ended = 0, {}, 0, false
  return function()
    i = i + 1
    if i > #chunk and not ended then
      chunk = run(orm.slice(code, at, at + size))
      at, i = at + #chunk, 1
      ended = #chunk < size
    end
    return chunk[i]
  end
end
