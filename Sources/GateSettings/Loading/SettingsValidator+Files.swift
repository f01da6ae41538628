extension SettingsValidator {
    /// Reports a file that cannot be read.
    mutating func requireReadable(_ path: Located<FilePath>, _ kind: String, limit: Int = 1 << 20) {
        // A path that could not be read from the configuration was reported there.
        guard !path.value.path.isEmpty else { return }
        do throws(FileProblem) {
            _ = try files.contents(of: path.value.path, limit: limit)
        } catch {
            self.error(at: path.position, "\(kind) \(path.value.path.abbreviated): \(error.words)")
        }
    }

    /// Reports a key or secret that is missing, or that somebody else can read.
    ///
    /// Its owner may read it. Its group may where root owns the file and the group is the service's own: that is how a
    /// service without privileges reads a key it must not be able to replace.
    mutating func requirePrivate(_ path: Located<FilePath>) {
        guard !path.value.path.isEmpty else { return }
        let name = path.value.path
        let status: FileStatus
        do throws(FileProblem) {
            status = try files.status(of: name)
        } catch {
            self.error(at: path.position, "\(name.abbreviated): \(error.words)")
            return
        }
        let quoted = Self.shellQuoted(name)
        let isServiceKey = status.owner == 0 && status.group == serviceGroup && status.permissions & 0o030 == 0
        if status.permissions & 0o007 != 0 {
            error(at: path.position, "others can read \(name.abbreviated)", instead: "run: chmod 600 \(quoted)")
        } else if status.permissions & 0o070 != 0, !isServiceKey {
            let owned = "run: chown root:\(groupName) \(quoted) && chmod 640 \(quoted)"
            error(
                at: path.position, "the group \(status.group) can read \(name.abbreviated)",
                instead: status.owner == 0 ? owned : "run: chmod 600 \(quoted)")
        } else {
            requireReadable(path, "key")
        }
    }

    /// The group that the service runs under.
    private var serviceGroup: UInt32 {
        settings.process.group.flatMap { files.group(named: $0.value) } ?? files.ownGroup
    }

    private var groupName: String { settings.process.group?.value ?? "\(files.ownGroup)" }

    /// The path for a shell, in quotes where it needs them.
    private static func shellQuoted(_ path: String) -> String {
        let isPlain = path.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "@"):
                true
            default: false
            }
        }
        return isPlain
            ? path : "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}
