"""The vendors' own SDKs, as a test drives them: sdk.py VENDOR PORT REGION ACTION ARGUMENTS...

upload FILE KEY, download KEY FILE, begin FILE KEY PARTSIZE COUNT (leaves the upload open), finish FILE KEY.
"""
import os
import sys

AK, SK, BUCKET = 'oracle-ak', 'oracle-sk', 'bkt'
MB = 1 << 20


class Oss:
    def __init__(self, port, region):
        import oss2
        from oss2.credentials import StaticCredentialsProvider
        auth = oss2.ProviderAuthV4(StaticCredentialsProvider(AK, SK))
        self.sdk = oss2
        self.bucket = oss2.Bucket(auth, 'http://127.0.0.1:%d' % port, BUCKET, region=region)

    def upload(self, file, key):
        self.sdk.resumable_upload(self.bucket, key, file, multipart_threshold=MB, part_size=MB, num_threads=3)

    def download(self, key, file):
        self.sdk.resumable_download(self.bucket, key, file, multiget_threshold=MB, part_size=MB, num_threads=3)

    def create(self, key):
        return self.bucket.init_multipart_upload(key).upload_id

    def part(self, key, upload, number, data):
        return self.bucket.upload_part(key, upload, number, data).etag

    def uploads(self, key):
        return [u.upload_id for u in self.bucket.list_multipart_uploads(prefix=key).upload_list if u.key == key]

    def parts(self, key, upload):
        return [(p.part_number, p.etag, p.size) for p in self.bucket.list_parts(key, upload).parts]

    def complete(self, key, upload, parts):
        parts = [self.sdk.models.PartInfo(number, etag) for number, etag in parts]
        self.bucket.complete_multipart_upload(key, upload, parts)


class Tos:
    def __init__(self, port, region):
        import tos
        self.sdk = tos
        self.client = tos.TosClientV2(AK, SK, 'http://tos-%s.volces.com' % region, region, proxy_host='127.0.0.1',
                                      proxy_port=port, dns_cache_time=0)

    def upload(self, file, key):
        self.client.upload_file(BUCKET, key, file, part_size=5 * MB, task_num=3, enable_checkpoint=False)

    def download(self, key, file):
        self.client.download_file(BUCKET, key, file, part_size=5 * MB, task_num=3, enable_checkpoint=False)

    def create(self, key):
        return self.client.create_multipart_upload(BUCKET, key).upload_id

    def part(self, key, upload, number, data):
        return self.client.upload_part(BUCKET, key, upload, number, content=data).etag

    def uploads(self, key):
        found = self.client.list_multipart_uploads(BUCKET, prefix=key).uploads
        return [u.upload_id for u in found if u.key == key]

    def parts(self, key, upload):
        return [(p.part_number, p.etag, p.size) for p in self.client.list_parts(BUCKET, key, upload).parts]

    def complete(self, key, upload, parts):
        parts = [self.sdk.models2.UploadedPart(number, etag) for number, etag in parts]
        self.client.complete_multipart_upload(BUCKET, key, upload, parts)


class S3:
    def __init__(self, port, region):
        import boto3
        from boto3.s3.transfer import TransferConfig
        self.config = TransferConfig(multipart_threshold=5 * MB, multipart_chunksize=5 * MB, max_concurrency=3)
        self.client = boto3.client('s3', endpoint_url='http://127.0.0.1:%d' % port, region_name=region,
                                   aws_access_key_id=AK, aws_secret_access_key=SK)

    def upload(self, file, key):
        self.client.upload_file(file, BUCKET, key, Config=self.config)

    def download(self, key, file):
        self.client.download_file(BUCKET, key, file, Config=self.config)

    def create(self, key):
        return self.client.create_multipart_upload(Bucket=BUCKET, Key=key)['UploadId']

    def part(self, key, upload, number, data):
        return self.client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=data)['ETag']

    def uploads(self, key):
        found = self.client.list_multipart_uploads(Bucket=BUCKET, Prefix=key).get('Uploads', [])
        return [u['UploadId'] for u in found if u['Key'] == key]

    def parts(self, key, upload):
        found = self.client.list_parts(Bucket=BUCKET, Key=key, UploadId=upload).get('Parts', [])
        return [(p['PartNumber'], p['ETag'], p['Size']) for p in found]

    def complete(self, key, upload, parts):
        parts = [dict(PartNumber=number, ETag=etag) for number, etag in parts]
        self.client.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload=dict(Parts=parts))


def piece(file, number, size):
    with open(file, 'rb') as f:
        f.seek((number - 1) * size)
        return f.read(size)


def main():
    vendor, port, region, action = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
    store = {'oss': Oss, 'tos': Tos, 's3': S3}[vendor](port, region)
    rest = sys.argv[5:]
    if action in ('upload', 'download'):
        getattr(store, action)(*rest)
    elif action == 'begin':
        file, key, size, count = rest[0], rest[1], int(rest[2]), int(rest[3])
        upload = store.create(key)
        for number in range(1, count + 1):
            store.part(key, upload, number, piece(file, number, size))
    elif action == 'finish':
        file, key = rest
        (upload,) = store.uploads(key)
        had = store.parts(key, upload)
        size = max(length for _, _, length in had)
        parts = {number: etag for number, etag, _ in had}
        for number in range(1, -(-os.path.getsize(file) // size) + 1):
            if number not in parts:
                parts[number] = store.part(key, upload, number, piece(file, number, size))
        store.complete(key, upload, sorted(parts.items()))


main()
