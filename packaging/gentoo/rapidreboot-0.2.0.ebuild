# SPDX-License-Identifier: LGPL-2.1-or-later

EAPI=8
PYTHON_COMPAT=( python3_{11..14} )
inherit meson python-any-r1

DESCRIPTION="Restart straight into the next kernel"
HOMEPAGE="https://rapidreboot.invalid"
SRC_URI="https://rapidreboot.invalid/${P}.tar.xz"

LICENSE="LGPL-2.1+ GPL-2+"
SLOT="0"
KEYWORDS="~amd64 ~arm64"
IUSE="bzip2 lz4 lzma +man seccomp systemd zstd"

DEPEND="
	dev-libs/jansson:=
	sys-apps/dtc
	sys-apps/util-linux
	sys-libs/zlib
	bzip2? ( app-arch/bzip2 )
	lz4? ( app-arch/lz4 )
	lzma? ( app-arch/xz-utils )
	seccomp? ( sys-libs/libseccomp )
	zstd? ( app-arch/zstd )
"
RDEPEND="${DEPEND}
	!sys-apps/kexec-tools
"
BDEPEND="${PYTHON_DEPS}
	virtual/pkgconfig
	man? ( app-text/scdoc )
"

src_configure() {
	local emesonargs=(
		-Dlinkage=shared
		-Dtests=false
		-Dinits=$(usex systemd systemd openrc)
		-Dimage_hooks=kernel-install
		$(meson_feature bzip2)
		$(meson_feature lz4)
		$(meson_feature lzma)
		$(meson_feature seccomp)
		$(meson_feature zstd)
		$(meson_use man)
	)
	meson_src_configure
}
