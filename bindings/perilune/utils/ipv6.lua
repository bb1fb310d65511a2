-- SPDX-License-Identifier: MIT
-- IPv6 addresses as text: django.utils.ipv6.
local validate = require "perilune._validate"
local exceptions = require "perilune.exceptions"
local check_options = require "perilune._options"

local M = { MAX_IPV6_ADDRESS_LENGTH = 39 }

local clean_options = { unpack_ipv4 = true, error_message = true, max_length = true }

--- The short form of an address. Options: unpack_ipv4 (false: true gives the IPv4 address
--- of a mapped one), error_message, max_length (39). Raises ValidationError.
function M.clean_ipv6_address(address, options)
  options = check_options("clean_ipv6_address", options, clean_options)
  local ok = type(address) == "string" and #address <= (options.max_length or M.MAX_IPV6_ADDRESS_LENGTH)
  local clean = ok and validate.clean_ipv6(address, options.unpack_ipv4)
  if not clean then
    error(exceptions.ValidationError(options.error_message or "This is not a valid IPv6 address.", { code = "invalid" }), 2)
  end
  return clean
end

--- Is it one? Anything else than a string is not.
function M.is_valid_ipv6_address(address)
  return validate.ipv6(address)
end

return M
