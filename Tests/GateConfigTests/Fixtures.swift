import Foundation
import GateSettings

/// Certificates made for these tests: P-256, self-signed, for a hundred years; their keys protect nothing.
enum Fixtures {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBuzCCAWKgAwIBAgIUJdOXmohv4UX0Q8nOB54w8P8BI70wCgYIKoZIzj0EAwIw
        GjEYMBYGA1UEAwwPYXBpLmV4YW1wbGUuY29tMCAXDTI2MTEyMzE2MzgzM1oYDzIx
        MjYxMDMwMTYzODMzWjAaMRgwFgYDVQQDDA9hcGkuZXhhbXBsZS5jb20wWTATBgcq
        hkjOPQIBBggqhkjOPQMBBwNCAAQnZsUmsWqFugXNF52/PJITKHWoIOUjoOlR5Fm8
        GIkL3k9FT6JKqcJ2KWkbjEU3ybW/KTGKZwD5m2r5271XI00qo4GDMIGAMB0GA1Ud
        DgQWBBRjW8Lb0HxsEwNt1q0idew4ChdTyDAfBgNVHSMEGDAWgBRjW8Lb0HxsEwNt
        1q0idew4ChdTyDAPBgNVHRMBAf8EBTADAQH/MC0GA1UdEQQmMCSCD2FwaS5leGFt
        cGxlLmNvbYIRKi5hcGkuZXhhbXBsZS5jb20wCgYIKoZIzj0EAwIDRwAwRAIgOTco
        dgPIJiDGxYhqnoH9eHoqJYujjGrjOqObSyx40IoCIDdkmI6eK61DkUitOHUC3VrT
        3rTGGdSPhAWaRbmlyLer
        -----END CERTIFICATE-----

        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgaCDNfZbpazedbjTH
        c7u6gasjJYAdvOc0QdgppHPPCrShRANCAAQnZsUmsWqFugXNF52/PJITKHWoIOUj
        oOlR5Fm8GIkL3k9FT6JKqcJ2KWkbjEU3ybW/KTGKZwD5m2r5271XI00q
        -----END PRIVATE KEY-----

        """
    static let otherCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBxDCCAWqgAwIBAgIUZlpihH1/exfuK9WS99PvqFMWV7gwCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRb3RoZXIuZXhhbXBsZS5jb20wIBcNMjYxMTIzMTYzODMzWhgP
        MjEyNjEwMzAxNjM4MzNaMBwxGjAYBgNVBAMMEW90aGVyLmV4YW1wbGUuY29tMFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0FbVihwJnUr5CsqRSdgrCxsQQi9V4fMJ
        fo4yHzLo5f6JeiKcCkIK6Lc4EtEyDwbT2uJUkUI7KGYcQxarvnysVaOBhzCBhDAd
        BgNVHQ4EFgQUrfeG3nvReGSJUqaXn9HolKRO5KUwHwYDVR0jBBgwFoAUrfeG3nvR
        eGSJUqaXn9HolKRO5KUwDwYDVR0TAQH/BAUwAwEB/zAxBgNVHREEKjAoghFvdGhl
        ci5leGFtcGxlLmNvbYITKi5vdGhlci5leGFtcGxlLmNvbTAKBggqhkjOPQQDAgNI
        ADBFAiEA7aDCT8hkJ5ySAL5S/CGvz3OxHuyAk2V/X2ibyNhuBpICIGYL5fHG3z5/
        hCjtc2noWF3740tK30EDpbI+6w9ObeyE
        -----END CERTIFICATE-----

        """
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjsI6v+ewml+Y6kw2
        wBiORJ4ALhlk7vpFp3MVWNQb86ahRANCAATQVtWKHAmdSvkKypFJ2CsLGxBCL1Xh
        8wl+jjIfMujl/ol6IpwKQgrotzgS0TIPBtPa4lSRQjsoZhxDFqu+fKxV
        -----END PRIVATE KEY-----

        """
    static let namelessCertificate = """
        -----BEGIN CERTIFICATE-----
        MIIBdTCCARugAwIBAgIUdGtfk7iSU70MHcr3MIzb00+T1t0wCgYIKoZIzj0EAwIw
        DzENMAsGA1UEAwwEbm9uZTAgFw0yNjExMjMxNjM4MzNaGA8yMTI2MTAzMDE2Mzgz
        M1owDzENMAsGA1UEAwwEbm9uZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABBqX
        sc0GX2CGT9qCIb5Pkmfauq647xMo1js8O71A0GX3K+j06Lsb2Ptu7WBFHoM0btAS
        sTa59p1cZCAbvSmZC3CjUzBRMB0GA1UdDgQWBBTWM6U9DbUR0T9pYfGblekH/Gzz
        jzAfBgNVHSMEGDAWgBTWM6U9DbUR0T9pYfGblekH/GzzjzAPBgNVHRMBAf8EBTAD
        AQH/MAoGCCqGSM49BAMCA0gAMEUCICbMb8rB3J2PUbE2IYqCG7jkYtO9WbIEeXR2
        bGTm9keZAiEAjB1PbbIuHzTcyjQP44NY3tCuoFG+ZNugedUKa8/pEkY=
        -----END CERTIFICATE-----

        """
    static let namelessKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgtKM7u1vh8GcH4fVp
        IqurNgoS27Gphtz6HL1qah7GMRahRANCAAQal7HNBl9ghk/agiG+T5Jn2rquuO8T
        KNY7PDu9QNBl9yvo9Oi7G9j7bu1gRR6DNG7QErE2ufadXGQgG70pmQtw
        -----END PRIVATE KEY-----

        """
    /// A key set with one key of P-256 (RFC 7517, appendix A.1).
    static let keySet =
        #"{"keys":[{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","kid":"1"}]}"#

    /// A directory on the disk with these files, each with mode 0600; removed by `body`'s end.
    static func withDirectory<Result>(
        _ files: [String: String], _ body: (String) throws -> Result
    ) throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appending(path: "gate-config-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, text) in files {
            let file = directory.appending(path: name)
            try Data(text.utf8).write(to: file)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o600], ofItemAtPath: file.path(percentEncoded: false))
        }
        return try body(directory.path(percentEncoded: false))
    }
}
