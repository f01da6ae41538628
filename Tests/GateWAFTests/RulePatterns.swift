import Glibc

/// The expressions of a folder of rules: every `@rx` argument, with what continues a line or is quoted taken back.
enum RulePatterns {
    /// Debian's rules and those of the test data, where they are; counts a skip otherwise.
    static func all() -> [String] {
        var folders = ["/usr/share/modsecurity-crs/rules"]
        if let data = unsafe getenv("PORTCULLIS_TEST_DATA") {
            folders.append(unsafe String(cString: data) + "/crs-4.28.0/rules")
        }
        let found = folders.flatMap { folder in files(in: folder, suffix: ".conf").flatMap { expressions(in: $0) } }
        if found.isEmpty { print("skipped: no data (rules of the Core Rule Set)") }
        return Array(Set(found)).sorted()
    }

    /// The contents of the files of `folder` whose names end with `suffix`.
    static func files(in folder: String, suffix: String) -> [String] {
        guard let directory = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted().map { contents(of: folder + "/" + $0) }
    }

    static func contents(of path: String) -> String {
        guard let file = unsafe fopen(path, "rb") else { return "" }
        defer { unsafe fclose(file) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe fread(&buffer, 1, buffer.count, file)
            if count == 0 { return String(decoding: text, as: UTF8.self) }
            text += buffer[..<count]
        }
    }

    private static func expressions(in text: String) -> [String] {
        let bytes = Array(text.utf8)
        let marks = ["\"@rx ", "\"!@rx "].map { Array($0.utf8) }
        var result: [String] = []
        for start in bytes.indices where bytes[start] == UInt8(ascii: "\"") {
            guard let mark = marks.first(where: { bytes[start...].starts(with: $0) }) else { continue }
            var expression: [UInt8] = []
            var index = start + mark.count
            while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                if bytes[index] == UInt8(ascii: "\\"), index + 1 < bytes.count {
                    let next = bytes[index + 1]
                    if next == UInt8(ascii: "\"") { expression.append(next) }
                    if next != UInt8(ascii: "\""), next != 0x0A { expression += [bytes[index], next] }
                    index += 2
                } else {
                    expression.append(bytes[index])
                    index += 1
                }
            }
            result.append(String(decoding: expression, as: UTF8.self))
        }
        return result
    }
}
