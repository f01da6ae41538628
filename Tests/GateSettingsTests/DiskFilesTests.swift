import Foundation
import Testing

@testable import GateSettings

/// Real files in a directory of the test's own.
struct DiskFilesTests {
    private let directory: URL
    private let files = DiskFiles()

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    private func write(_ text: String, _ name: String, mode: Int = 0o600) throws -> String {
        let path = directory.appending(path: name).path()
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    @Test func aFileOfTheLimitIsReadAndOneByteMoreIsNot() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = try write("12345", "a")
        #expect(try files.contents(of: path, limit: 5) == Array("12345".utf8))
        #expect(throws: FileProblem("has more than 4 bytes")) { try files.contents(of: path, limit: 4) }
    }

    @Test func whatIsNoFileIsSaidInWords() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let absent = directory.appending(path: "absent").path()
        #expect(throws: FileProblem("no such file")) { try files.contents(of: absent, limit: 5) }
        #expect(throws: FileProblem("is no regular file")) { try files.contents(of: directory.path(), limit: 5) }
        let pipe = directory.appending(path: "pipe").path()
        #expect(unsafe mkfifo(pipe, 0o600) == 0)
        #expect(throws: FileProblem("is no regular file")) { try files.contents(of: pipe, limit: 5) }
    }

    @Test func namesAndPermissionsAreThoseOfTheDisk() throws {
        defer { try? FileManager.default.removeItem(at: directory) }
        let path = try write("", "key.pem", mode: 0o640)
        _ = try write("", ".hidden")
        #expect(try files.names(in: directory.path()).sorted() == [".hidden", "key.pem"])
        let status = try files.status(of: path)
        #expect(status.permissions == 0o640)
        #expect(status.owner == getuid())
    }

    @Test func groupsAreFoundByName() {
        #expect(files.group(named: "root") == 0)
        #expect(files.group(named: "no-such-group-here") == nil)
    }
}
