-- SPDX-License-Identifier: MIT
-- Logs live in the other database; what is read and written can be turned by the test.
local Router = { asked = {}, read = nil, write = nil, relation = nil }

local function note(what, model, hints)
  Router.asked[#Router.asked + 1] = { what, model._meta.object_name, hints.instance }
end

function Router:db_for_read(model, hints)
  note("read", model, hints)
  return model._meta.object_name == "Log" and "other" or self.read
end

function Router:db_for_write(model, hints)
  note("write", model, hints)
  return model._meta.object_name == "Log" and "other" or self.write
end

function Router:allow_relation()
  return self.relation
end

function Router.allow_migrate(_, alias, app_label, hints)
  if app_label == "shop" and hints.model_name == "log" then
    return alias == "other"
  end
end

return { Router = Router }
