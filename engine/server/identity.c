/* SPDX-License-Identifier: MIT */
#include "server/identity.h"

#include "base/banned.h"
#include "base/str.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

static int find_user(struct identity *id, const char *user, struct err *err)
{
    uint64_t number;
    bool numeric = str_to_uint64(str_from(user), &number) && number < (uid_t)-1;
    const struct passwd *pw = getpwnam(user);

    if (!pw && numeric)
        pw = getpwuid((uid_t)number);
    if (!pw && !numeric)
        return err_set(err, ERR_NOT_FOUND,
                       "unknown user '%s'; `getent passwd` lists those of this machine", user);
    id->uid = pw ? pw->pw_uid : (uid_t)number;
    if (pw) {
        id->gid = pw->pw_gid;
        snprintf(id->user, sizeof id->user, "%s", pw->pw_name);
    }
    return 0;
}

static int find_group(struct identity *id, const char *group, struct err *err)
{
    uint64_t number;
    bool numeric = str_to_uint64(str_from(group), &number) && number < (gid_t)-1;
    const struct group *gr = getgrnam(group);

    if (!gr && !numeric)
        return err_set(err, ERR_NOT_FOUND,
                       "unknown group '%s'; `getent group` lists those of this machine", group);
    id->gid = gr ? gr->gr_gid : (gid_t)number;
    return 0;
}

static bool is_change(const struct identity *id)
{
    return (id->uid != (uid_t)-1 && id->uid != geteuid()) ||
           (id->gid != (gid_t)-1 && id->gid != getegid());
}

int identity_find(struct identity *id, const char *user, const char *group, struct err *err)
{
    *id = (struct identity){.uid = (uid_t)-1, .gid = (gid_t)-1};
    if ((user && find_user(id, user, err)) || (group && find_group(id, group, err)))
        return -1;
    if (id->uid != (uid_t)-1 && id->gid == (gid_t)-1)
        return err_set(err, ERR_INVALID,
                       "user '%s' has no entry that tells its group; name the group too", user);
    if (geteuid() != 0 && is_change(id))
        return err_set(err, ERR_DENIED,
                       "cannot run workers as %s '%s': only root may change to another; start as "
                       "root or take the option away",
                       user ? "user" : "group", user ? user : group);
    return 0;
}

int identity_assume(const struct identity *id, struct err *err)
{
    if (geteuid() != 0)
        return 0; /* identity_find() saw that there is nothing to change */
    if (id->gid != (gid_t)-1 && setgid(id->gid))
        return err_set_errno(err, "cannot change to group %u", (unsigned)id->gid);
    if (id->uid == (uid_t)-1)
        return 0;
    if (id->user[0] ? initgroups(id->user, id->gid) : setgroups(0, NULL))
        return err_set_errno(err, "cannot set the groups of user %u", (unsigned)id->uid);
    if (setuid(id->uid))
        return err_set_errno(err, "cannot change to user %u", (unsigned)id->uid);
    if (id->uid != 0 && setuid(0) == 0)
        return err_set(err, ERR_DENIED, "changed to user %u but could change back to root",
                       (unsigned)id->uid);
    return 0;
}
