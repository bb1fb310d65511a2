-- SPDX-License-Identifier: MIT
---@meta perilune.utils.ipv6

---IPv6 addresses as text.
---@class perilune.utils.ipv6
---@field MAX_IPV6_ADDRESS_LENGTH integer 39
local ipv6 = {}

---The short form of an address. Raises `ValidationError`.
---@param address string
---@param opts? { unpack_ipv4?: boolean, error_message?: string, max_length?: integer }
---@return string
function ipv6.clean_ipv6_address(address, opts) end

---@param address any
---@return boolean
function ipv6.is_valid_ipv6_address(address) end

return ipv6
