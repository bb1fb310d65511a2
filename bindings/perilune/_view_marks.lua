-- SPDX-License-Identifier: MIT
-- What a wrapper says about a view to those who call it later: "no_append_slash" to the
-- middleware that redirects. A mark belongs to the function it was put on; whatever wraps
-- that function takes it over.
local M = {}

local marks = setmetatable({}, { __mode = "k" }) -- view -> { [mark] = true }

local wrapped = setmetatable({}, { __mode = "k" }) -- wrapper -> view
require("perilune._inspect").wrapped(wrapped)

--- Is the view marked?
function M.has(view, mark)
  local of = marks[view]
  return of ~= nil and of[mark] == true
end

--- Puts the marks of `view` on `wrapper`, with `mark` as well; gives the wrapper.
function M.pass_on(view, wrapper, mark)
  wrapped[wrapper] = view
  local of = marks[view]
  if of or mark then
    local all = {}
    for name in pairs(of or all) do
      all[name] = true
    end
    if mark then
      all[mark] = true
    end
    marks[wrapper] = all
  end
  return wrapper
end

--- A view that does what `view` does, with the mark; `view` itself stays without.
function M.wrap(view, mark)
  return M.pass_on(view, function(...)
    return view(...)
  end, mark)
end

return M
