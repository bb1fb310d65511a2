-- SPDX-License-Identifier: MIT
-- What the ORM knows of an instance besides its fields. It stands in the instance as `_orm`;
-- `_state` is a view of it, for authors.
--
--   db          the database it came from or was saved to
--   adding      it is not in the database yet
--   loaded      the fields that only() or defer() left, by attribute; nil: all
--   fetch_mode  of its QuerySet
--   annotations what annotate() gave it, by name: those that are NULL it does not have
--   alone       managers whose rows are not read for the batch any more (ahead.lua)
--   peers       the instances of its batch, weakly
--   shared      false: it is this instance's alone, else one of a batch
--
-- Instances from "default" come without one when they have no others to know, because get() or
-- first() read them alone or because their model has no relations: most are never asked. They get
-- it here, when somebody asks.
local M = {}

--- The state of an instance; to be read only, for others may have the same.
function M.of(instance)
  local state = rawget(instance, "_orm")
  if state == nil then
    state = { db = "default", adding = false, shared = false }
    rawset(instance, "_orm", state)
  end
  return state
end

--- The state for changes of this instance alone.
function M.own(instance)
  local state = M.of(instance)
  if state.shared == false then
    return state
  end
  local own = { db = state.db, adding = state.adding, loaded = state.loaded, fetch_mode = state.fetch_mode, annotations = state.annotations, shared = false }
  if state.loaded then
    own.loaded = {}
    for k in pairs(state.loaded) do
      own.loaded[k] = true
    end
  end
  rawset(instance, "_orm", own)
  return own
end

local View = { __name = "perilune.models.ModelState" }

function View.__index(view, name)
  return M.of(view[1])[name]
end

function View.__newindex(view, name, value)
  M.own(view[1])[name] = value
end

--- `_state` of an instance: what is set is the instance's alone, whoever shares what is read.
--- `_state.adding = true` makes a copy of an object whose key was set to nil.
function M.view(instance)
  return setmetatable({ instance }, View)
end

return M
