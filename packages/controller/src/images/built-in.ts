import type { CatalogueImage } from '@kcore/contract';

/**
 * The images that every controller knows by name: cloud images for x86-64, of a dated release each, so that a name
 * stands for the same bytes until somebody changes it. URLs and digests were taken together from the image templates of
 * the Lima project (templates/_images, August 2026). Debian publishes SHA-512 only.
 *
 * A distributor keeps dated images for some time only: Ubuntu for months, Debian for years. The operator's file
 * (catalogue-file.ts) names newer ones.
 */
export const builtInImages: readonly CatalogueImage[] = [
  {
    name: 'ubuntu-26.04',
    url: 'https://cloud-images.ubuntu.com/releases/resolute/release-20260720/ubuntu-26.04-server-cloudimg-amd64.img',
    digest: 'sha256:117816726abbdefc5ef3e38902e81a76f1c76c3610e709999d0885f9d5d9b477',
    format: 'qcow2',
  },
  {
    name: 'ubuntu-24.04',
    url: 'https://cloud-images.ubuntu.com/releases/noble/release-20260705/ubuntu-24.04-server-cloudimg-amd64.img',
    digest: 'sha256:ffe6203da54deeb6db5d2a98a83f9ec8e55f149d3f7ba622e1abe5fa966ee3d6',
    format: 'qcow2',
  },
  {
    name: 'ubuntu-22.04',
    url: 'https://cloud-images.ubuntu.com/releases/jammy/release-20260705/ubuntu-22.04-server-cloudimg-amd64.img',
    digest: 'sha256:ec3cdc1bf496078f645ccc8ac823e17609658753477ebc4e5fb730729ac5b434',
    format: 'qcow2',
  },
  {
    name: 'debian-13',
    url: 'https://cloud.debian.org/images/cloud/trixie/20260712-2537/debian-13-genericcloud-amd64-20260712-2537.qcow2',
    digest:
      'sha512:7ae53e9dbee282bfc16f289dec483dde3a8598769c38a267948310f7a2a52c662620198603bc52c142627efba379863d16079698a10b34102d55bcedd40e8d32',
    format: 'qcow2',
  },
  {
    name: 'debian-12',
    url: 'https://cloud.debian.org/images/cloud/bookworm/20260712-2537/debian-12-genericcloud-amd64-20260712-2537.qcow2',
    digest:
      'sha512:6c2607f1846ee86040830c87d0b723f0967da3e884ea4673d9db4aa8eee13a4b7c663524bfa42082c16fc6919f3aa1bf425c004d07ff06c53a319ad0c42647bb',
    format: 'qcow2',
  },
  {
    name: 'debian-11',
    url: 'https://cloud.debian.org/images/cloud/bullseye/20260707-2532/debian-11-genericcloud-amd64-20260707-2532.qcow2',
    digest:
      'sha512:6cf25158a6ccce87079f3f6f6a1fe0c93942eb38af9cd216e54b4a60c4a61c3f76bb41eac4a4d8fbc4f995d82f0a128df0242dfb558393134ff97819cdd167b2',
    format: 'qcow2',
  },
];
