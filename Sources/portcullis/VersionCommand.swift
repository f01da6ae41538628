import ArgumentParser
import CPCRE2
import CVersion
import CYAML
import GatePrimitives

/// What this build is made of.
enum Version {
    /// The version of the product.
    static let number = "0.1.0"

    /// The commit it was built from, `+changes` where the tree had others; `development` outside `make build`.
    static var revision: String {
        // SAFETY: a static string.
        unsafe String(cString: gate_revision())
    }

    /// The compiler's version.
    static var toolchain: String {
        // SAFETY: a static string.
        unsafe String(cString: gate_toolchain())
    }

    /// The linked C libraries, by name, as they report themselves.
    static var libraries: [(name: String, version: String)] {
        // SAFETY: both return static strings.
        let yaml = unsafe String(cString: yaml_get_version_string())
        let boringSSL = unsafe String(cString: gate_boringssl())
        return [("libyaml", yaml), ("pcre2", pcre2), ("boringssl", boringSSL)]
    }

    private static var pcre2: String {
        var text = [UInt8](repeating: 0, count: 64)
        // SAFETY: pcre2_config(PCRE2_CONFIG_VERSION) writes a string of fewer than 64 bytes ("10.42 2022-12-11").
        let length = unsafe text.withUnsafeMutableBytes { raw in
            unsafe pcre2_config_8(UInt32(PCRE2_CONFIG_VERSION), raw.baseAddress)
        }
        guard length > 1, Int(length) <= text.count else { return "unknown" }
        return String(decoding: text.prefix(Int(length) - 1), as: UTF8.self)
    }
}

/// `portcullis version`.
struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Print version, revision, toolchain and the linked libraries.")

    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        var lines = [
            ("portcullis", Version.number), ("revision", Version.revision), ("toolchain", Version.toolchain),
        ]
        lines += Version.libraries
        if json {
            print(JSONOutput.object(lines.map { .init($0.0, .text($0.1)) }).rendered)
        } else {
            for (name, value) in lines { print(name, value) }
        }
    }
}
