-- SPDX-License-Identifier: MIT
-- Routers as sites have them; `asked` is what the last one was asked.
local M = { asked = {} }

--- Reads from "replica", writes to "default": objects of the two are the same ones.
M.Split = {
  db_for_read = function() return "replica" end,
  db_for_write = function() return "default" end,
  allow_relation = function() return true end,
}

--- Objects stay where they came from, new ones go to "other".
M.Sticky = {
  db_for_read = function(_, _, hints) return hints.instance and hints.instance._state.db or "other" end,
  db_for_write = function(_, _, hints) return hints.instance and hints.instance._state.db or "other" end,
}

--- People live in "other", all else does not care.
M.People = {
  db_for_read = function(_, model) return model._meta.model_name == "person" and "other" or "default" end,
  db_for_write = function(_, model) return model._meta.model_name == "person" and "other" or "default" end,
  allow_relation = function(_, a, b) if a._meta.model_name == "person" or b._meta.model_name == "person" then return true end end,
  allow_migrate = function(_, alias, _, hints) if hints.model and hints.model._meta.model_name == "person" then return alias == "other" end end,
}

local function note(what, model, hints)
  M.asked[#M.asked + 1] = ("%s %s %s"):format(what, model._meta.model_name, hints.instance and tostring(hints.instance) or "-")
end

--- Says nothing, and remembers what it was asked.
M.Silent = {
  db_for_read = function(_, model, hints) note("read", model, hints) end,
  db_for_write = function(_, model, hints) note("write", model, hints) end,
}

return M
