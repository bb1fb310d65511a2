-- SPDX-License-Identifier: MIT
return { site_info = function(request)
  return { site_name = "Shop & Co", path_here = request.path }
end }
