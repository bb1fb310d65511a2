-- SPDX-License-Identifier: MIT
-- Under which key {% cache %} keeps a fragment: Django's make_template_fragment_key.
local crypto = require "perilune._crypto"
local null = require "perilune.null"

local M = {}

--- A value as Django's str() has it.
function M.text_of(value)
  if value == nil or value == null then
    return "None"
  elseif type(value) == "boolean" then
    return value and "True" or "False"
  end
  return tostring(value)
end

--- `vary`: the values behind the fragment's name, in order; perilune.null for None.
function M.key(name, vary)
  local hash = {}
  for i, value in ipairs(vary or {}) do
    hash[i] = M.text_of(value) .. ":"
  end
  return ("template.cache.%s.%s"):format(name, crypto.hex(crypto.digest("md5", table.concat(hash))))
end

return M
