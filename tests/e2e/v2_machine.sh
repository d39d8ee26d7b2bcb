#!/bin/sh
# The first process of a machine of its own (User Mode Linux), whose only cgroups are v2's: runs the suite in
# $SG_DIR/suite from groups of different kinds and copies the runs to $SG_DIR. The host's files are there, read only.
# Nothing is preloaded: what reads files beside would throw out and read pages again at the limit, for minutes.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs none /run
mkdir -p /dev/shm && mount -t tmpfs none /dev/shm
mount -t tmpfs none /mnt && mkdir /mnt/out && mount -t hostfs -o "$SG_DIR" none /mnt/out
export TMPDIR=/run HOME=/run
cd /run && chmod 1777 /run
cgroup=/sys/fs/cgroup
suite=$SG_DIR/suite

keep() { # NAME: its run, and what our group gives to those below
	cp -r "/run/$1" /mnt/out/
	{
		cat "$2/cgroup.subtree_control"
		find "$2" -mindepth 1 -type d
	} >"/mnt/out/$1.after"
}

# Started by whoever keeps to the root group, as on a machine without systemd.
"$SG_STRESSGEN" run --no-preload "$suite" -o root
keep root $cgroup

# As by systemd: a group of its own that was delegated.
echo '+memory +pids +io' >$cgroup/cgroup.subtree_control
mkdir $cgroup/scope $cgroup/crowd $cgroup/user $cgroup/killed
sh -c "echo \$\$ >$cgroup/scope/cgroup.procs; exec '$SG_STRESSGEN' run --no-preload '$suite' -o scope"
keep scope $cgroup/scope
sh -c "echo \$\$ >$cgroup/scope/cgroup.procs; exec '$SG_STRESSGEN' doctor" >/mnt/out/doctor.scope

# Not alone in it.
sh -c "echo \$\$ >$cgroup/crowd/cgroup.procs; '$SG_STRESSGEN' run --no-preload '$suite' -o crowd; '$SG_STRESSGEN' doctor >/mnt/out/doctor.crowd"
keep crowd $cgroup/crowd

# An ordinary user, to whom a group was delegated.
chown 65534 $cgroup/user $cgroup/user/cgroup.procs $cgroup/user/cgroup.subtree_control $cgroup/user/cgroup.threads
sh -c "echo \$\$ >$cgroup/user/cgroup.procs; exec setpriv --reuid 65534 --regid 65534 --clear-groups '$SG_STRESSGEN' run --no-preload '$suite' -o user"
keep user $cgroup/user

# On a disk whose I/O the kernel can limit, which hostfs is not.
if [ -s "$SG_DIR/disk" ]; then
	mkdir /run/disk && mknod /run/ubda b 98 0 && mount -t ext4 /run/ubda /run/disk
	(cd /run/disk && "$SG_STRESSGEN" run --no-preload "$SG_DIR/io" -o io && cp -r io /mnt/out/)
fi

# Killed while a test runs: the guardian puts everything back.
sh -c "echo \$\$ >$cgroup/killed/cgroup.procs; exec '$SG_STRESSGEN' run --no-preload '$SG_DIR/long' -o killed" &
i=0
until [ -s /run/killed/tests/t.sh/1/stdout ] || [ $i = 1200 ]; do
	sleep 0.1
	i=$((i + 1))
done
kill -9 $!
i=0
while [ -n "$(cat $cgroup/killed/cgroup.subtree_control)" ] && [ $i != 1200 ]; do # its size is always 0
	sleep 0.1
	i=$((i + 1))
done
i=0
while [ -n "$(find $cgroup/killed -mindepth 1 -type d)" ] && [ $i != 1200 ]; do
	sleep 0.1
	i=$((i + 1))
done
keep killed $cgroup/killed

echo finished >/mnt/out/finished
sync
echo o >/proc/sysrq-trigger
sleep 60
