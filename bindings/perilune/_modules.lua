-- SPDX-License-Identifier: MIT
-- Names of modules that are not there, and the ones they must mean.
local core = require "perilune._core"
local inspect = require "perilune._inspect"

local M = {}

local function split(name)
  local parent, last = name:match("^(.*)%.([^.]*)$")
  return parent or "", last or name
end

local function join(parent, last)
  return parent == "" and last or parent .. "." .. last
end

--- "; did you mean 'shop.views'?" or "": a module beside it with a name like it, or one
--- of that name elsewhere.
function M.suggest(name)
  local parent, last = split(name)
  local beside, parents = {}, {}
  for _, module in ipairs(inspect.modules()) do
    local p, l = split(module)
    if p == parent then
      beside[#beside + 1] = l
    end
    if l == last then
      parents[#parents + 1] = p
    end
  end
  local near = core.suggest(last, beside):match("'(.*)'")
  if near then
    return ("; did you mean '%s'?"):format(join(parent, near))
  end
  near = core.suggest(parent, parents):match("'(.*)'")
  if not near and #parents == 1 and parents[1]:match "^[^.]*" ~= "perilune" then
    near = parents[1] -- the only one of that name in the project
  end
  return near and ("; did you mean '%s'?"):format(join(near, last)) or ""
end

return M
