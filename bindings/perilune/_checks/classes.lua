-- SPDX-License-Identifier: MIT
-- The models that checks look at.

--- The project's classes, resolved: all, or those of the labels in `options.apps`; none while no module of
--- models has been loaded.
return function(options)
  local registries = package.loaded["perilune._models.registry"]
  if not registries then
    return {}
  end
  registries.project:world()
  local classes = registries.project:models()
  if not (options and options.apps and options.apps[1]) then
    return classes
  end
  local wanted, found = {}, {}
  for _, label in ipairs(options.apps) do
    wanted[label] = true
  end
  for _, class in ipairs(classes) do
    if wanted[class._meta.app_label] then
      found[#found + 1] = class
    end
  end
  return found
end
