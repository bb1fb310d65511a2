-- SPDX-License-Identifier: MIT
-- render(): a template as a response. get_object_or_404() and get_list_or_404(): anything with get() and filter() will do, a
-- model (by its default manager), a manager or a QuerySet.
local exceptions = require "perilune.exceptions"
local responses = require "perilune._response"
local template = require "perilune.template"

local M = {}

-- The field of any value; nil when it has none of that name or no fields at all.
local function field(object, name)
  local ok, value = pcall(function()
    return object[name]
  end)
  return ok and value or nil
end

local function queryset_of(what, source, method, level)
  local queryset = field(source, "_default_manager") or field(source, "objects") or source
  if type(field(queryset, method)) ~= "function" then
    error(exceptions.ValueError(("First argument to %s() must be a Model, Manager, or QuerySet, not a %s"):format(what, type(source))), level + 1)
  end
  return queryset
end

local function model_name(queryset)
  local model = field(queryset, "model")
  local meta = field(model, "_meta")
  return field(meta, "object_name") or field(model, "name") or "object"
end

--- The one object that fits; what does not exist is an Http404. The conditions are those
--- of get(). Raises MultipleObjectsReturned as get() does.
function M.get_object_or_404(source, ...)
  local queryset = queryset_of("get_object_or_404", source, "get", 2)
  local ok, object = pcall(queryset.get, queryset, ...)
  if ok then
    return object
  end
  if exceptions.is(object, "ObjectDoesNotExist") then
    error(exceptions.Http404(("No %s matches the given query."):format(model_name(queryset))), 0)
  end
  error(object, 0)
end

--- The objects that fit, as filter() gives them; when there are none, an Http404.
function M.get_list_or_404(source, ...)
  local found = queryset_of("get_list_or_404", source, "filter", 2)
  if select("#", ...) > 0 then
    found = found:filter(...)
  elseif type(field(found, "all")) == "function" then
    found = found:all()
  end
  if #found == 0 then
    error(exceptions.Http404(("No %s matches the given query."):format(model_name(found))), 0)
  end
  return found
end

--- A response with the template (a name, a list of names, a template object) rendered with
--- the variables. Options: status, content_type, charset, reason, headers.
function M.render(request, name, context, opts)
  if type(request) == "string" then
    error(exceptions.TypeError("http.render(request, template, context, options): the request comes first"), 2)
  end
  return responses.Response(template.render_to_string(name, context, request), opts)
end

return M
