# SPDX-License-Identifier: LGPL-2.1-or-later
# In packaging/nix of the source: nix build ./packaging/nix, or as an input of a system's flake, whose module is
# nixosModules.default: services.rapidreboot.enable = true.
{
  description = "Restart straight into the next kernel";
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in {
      packages = each (pkgs: {
        default = pkgs.stdenv.mkDerivation {
          pname = "rapidreboot";
          version = "0.2.0";
          src = ../..;
          nativeBuildInputs = with pkgs; [ meson ninja pkg-config python3 scdoc ];
          buildInputs = with pkgs; [ bzip2 dtc jansson libseccomp lz4 util-linux xz zlib zstd ];
          # There are no static libraries; that leaves out the program for crashes.
          mesonFlags = [ "-Dlinkage=shared" "-Dtests=false" "-Dinits=systemd" "-Dimage_hooks=kernel-install" "-Dsysconfdir=etc" ];
          # The purgatory is freestanding code.
          hardeningDisable = [ "all" ];
          postPatch = "patchShebangs tools src man completions";
          meta.mainProgram = "rapidreboot";
        };
      });
      nixosModules.default = { config, lib, pkgs, ... }:
        let
          package = self.packages.${pkgs.system}.default;
        in {
          options.services.rapidreboot = {
            enable = lib.mkEnableOption "the units that write down what became of fast reboots";
            settings = lib.mkOption {
              type = lib.types.lines;
              default = "";
              description = "Text of /etc/rapidreboot.conf, see rapidreboot.conf(5).";
            };
          };
          config = lib.mkIf config.services.rapidreboot.enable {
            environment.systemPackages = [ (lib.hiPrio package) ];
            environment.etc."rapidreboot.conf".text = config.services.rapidreboot.settings;
            systemd.packages = [ package ];
            systemd.services.rapidreboot-load.wantedBy = [ "multi-user.target" ];
            systemd.services.rapidreboot-boot.wantedBy = [ "default.target" ];
            systemd.services.rapidreboot-stopped.wantedBy = [ "sysinit.target" ];
            systemd.services.rapidreboot-late.wantedBy = [ "kexec.target" ];
          };
        };
    };
}
