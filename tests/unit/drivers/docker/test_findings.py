"""What an engine and a machine say of themselves, read."""

from pathlib import Path

from carrel.drivers.docker.findings import mount_of, read_engine, read_network
from carrel.drivers.ondisk.mountinfo import mounted

INFO = {
    "Driver": "overlay2",
    "DriverStatus": [["Backing Filesystem", "extfs"], ["Supports d_type", "true"]],
    "MemoryLimit": True,
    "SwapLimit": False,
    "CpuCfsQuota": True,
    "PidsLimit": True,
    "BridgeNfIptables": True,
    "SecurityOptions": ["name=seccomp,profile=default", "name=userns"],
    "LiveRestoreEnabled": False,
}
VERSION = {"Version": "20.10.24+dfsg1", "ApiVersion": "1.41"}
MOUNTS = r"""22 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw
30 22 254:2 / /var rw,relatime shared:5 master:2 - xfs /dev/vdb rw,attr2,inode64,prjquota
31 30 254:3 / /var/my\040data rw,relatime - ext4 /dev/vdc rw
32 30 254:2 /lib/carrel/slots /var/lib/carrel/slots rw,relatime - xfs /dev/vdb rw,prjquota
33 32 254:2 /lib/carrel/slots /var/lib/carrel/slots rw,relatime shared:9 - xfs /dev/vdb rw,prjquota
"""


def test_an_engine_is_read_from_what_it_says() -> None:
    engine = read_engine(INFO, VERSION)
    assert (engine.version, engine.api, engine.storage, engine.backing) == (
        "20.10.24+dfsg1",
        "1.41",
        "overlay2",
        "extfs",
    )
    assert engine.security == ("seccomp", "userns")
    assert engine.unsupported == ("swap",)
    assert engine.filters_bridges


def test_an_engine_that_says_little_can_limit_nothing() -> None:
    engine = read_engine({}, {})
    assert engine.unsupported == ("memory", "swap", "cpus", "processes")
    assert engine.security == ()


def test_the_mount_of_a_folder_is_the_deepest_and_there_the_last(tmp_path: Path) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    mounts = mounted(tmp_path / "mountinfo")
    slots = mount_of(Path("/var/lib/carrel/slots"), mounts)
    assert slots is not None
    assert slots.is_shared
    engine = mount_of(Path("/var/lib/docker"), mounts)
    assert engine is not None
    assert (engine.point, engine.is_shared) == (b"/var", True)
    assert b"prjquota" in engine.options
    spaced = mount_of(Path("/var/my data/homes"), mounts)
    assert spaced is not None
    assert (spaced.point, spaced.is_shared) == (b"/var/my data", False)


def test_a_network_that_somebody_made_by_hand_is_seen_to_let_neighbours_through() -> None:
    shown = {
        "Name": "n",
        "IPAM": {"Config": [{"Subnet": "10.0.0.0/16"}]},
        "Options": None,
        "EnableIPv6": False,
    }
    assert read_network(shown, None).lets_neighbours
    closed = {**shown, "Options": {"com.docker.network.bridge.enable_icc": "false"}}
    assert not read_network(closed, None).lets_neighbours
