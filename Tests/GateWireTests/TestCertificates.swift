import Foundation
import GatePrimitives
import Testing

@testable import GateWire

/// Two self-signed certificates of the tests and their keys; worth nothing outside them.
enum TestCertificates {
    /// For api.example.com, *.example.com, UPPER.example.net, 127.0.0.1 and ::1.
    static let chain = """
        -----BEGIN CERTIFICATE-----
        MIIBzzCCAXWgAwIBAgIUZcW23WzvVjNDT8HNaLWlzWbzNLowCgYIKoZIzj0EAwIw
        EDEOMAwGA1UEAwwFdGVzdHMwIBcNMjYxMTIzMTczMDQ5WhgPMjEyNjEwMzAxNzMw
        NDlaMBAxDjAMBgNVBAMMBXRlc3RzMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
        rYWmyY3lK6/aA2juhpZdfzx645zqw7rAvX4uFNE3XPK+MkIT/vQjnEoTCykfVetl
        6olvdmfudqsRknOvwQrI9aOBqjCBpzAdBgNVHQ4EFgQUOuCK1+JiAMzOjQPGsrGS
        GnG5aWswHwYDVR0jBBgwFoAUOuCK1+JiAMzOjQPGsrGSGnG5aWswDwYDVR0TAQH/
        BAUwAwEB/zBUBgNVHREETTBLgg9hcGkuZXhhbXBsZS5jb22CDSouZXhhbXBsZS5j
        b22CEVVQUEVSLmV4YW1wbGUubmV0hwR/AAABhxAAAAAAAAAAAAAAAAAAAAABMAoG
        CCqGSM49BAMCA0gAMEUCICdXJDWAaVanHvrgh6UzZ7/QszdcOv1oxd+6Yahhbq3B
        AiEAsMFB5RjPDcrze0YJENLAqWmRLqfPf3uJlAsHtLD5QTQ=
        -----END CERTIFICATE-----
        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfJ/dKoFFy2X55urf
        BwKcs2v1J3PJ3gfFiHbaCZhy1nShRANCAASthabJjeUrr9oDaO6Gll1/PHrjnOrD
        usC9fi4U0Tdc8r4yQhP+9COcShMLKR9V62XqiW92Z+52qxGSc6/BCsj1
        -----END PRIVATE KEY-----
        """
    /// For other.test.
    static let otherChain = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATSgAwIBAgIUfL5pyceDmrqGHEB2k24f4US60UEwCgYIKoZIzj0EAwIw
        EDEOMAwGA1UEAwwFb3RoZXIwIBcNMjYxMTIzMTczMDQ5WhgPMjEyNjEwMzAxNzMw
        NDlaMBAxDjAMBgNVBAMMBW90aGVyMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
        JJO41o/BycXrNdmntO6mRHlcIobzSkLNJsOHurHsBs0Hw1uRVtrUPe/D+gEpGyJZ
        Ofem/Fqk+6Y+myXfvvpQn6NqMGgwHQYDVR0OBBYEFB5TV8UZzVirCGBX+HQCCjtu
        PUfWMB8GA1UdIwQYMBaAFB5TV8UZzVirCGBX+HQCCjtuPUfWMA8GA1UdEwEB/wQF
        MAMBAf8wFQYDVR0RBA4wDIIKb3RoZXIudGVzdDAKBggqhkjOPQQDAgNJADBGAiEA
        v7jQL6DorRREvtbzltJNg3PbflkME2fdqavP01deK/8CIQCHrGkjH0KChAjlduiS
        oZgaxcKR5+s9BTE6c9+AC0OtvQ==
        -----END CERTIFICATE-----
        """
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgL1Ha6j3LJRNtYKLB
        2PxBdf+JaEUC+TvHuVd6QAlnY2mhRANCAAQkk7jWj8HJxes12ae07qZEeVwihvNK
        Qs0mw4e6sewGzQfDW5FW2tQ978P6ASkbIlk596b8WqT7pj6bJd+++lCf
        -----END PRIVATE KEY-----
        """

    /// Loads a certificate from files of its own, which are gone afterwards.
    static func load(
        _ chain: String = chain, _ key: String = key, now: WallInstant = .now(), protocols: [String] = ["http/1.1"]
    ) throws -> ServerCertificate {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let chainPath = directory.appendingPathComponent("chain.pem").path
        let keyPath = directory.appendingPathComponent("key.pem").path
        try chain.write(toFile: chainPath, atomically: true, encoding: .utf8)
        try key.write(toFile: keyPath, atomically: true, encoding: .utf8)
        return try ServerCertificate(
            chainPath: chainPath, keyPath: keyPath, minimumVersion: .tls13, protocols: protocols, now: now)
    }
}
