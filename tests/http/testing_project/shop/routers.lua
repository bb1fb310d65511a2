-- SPDX-License-Identifier: MIT
local Reading = {}

function Reading.db_for_read()
  return "replica"
end

return { Reading = Reading }
